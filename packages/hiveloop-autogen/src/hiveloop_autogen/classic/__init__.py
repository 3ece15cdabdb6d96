"""AG2 classic (`ag2<1`, module ``autogen``): the same story for ``ConversableAgent`` chats. Turned on by ``instrument()``."""
