/** Asked for when the collector answers 401. The key stays in this tab and never enters an address. */

import { Main } from "./Main";
import { useState } from "preact/hooks";
import { keyRefused, setKey } from "../api/client";

export function SignIn() {
  const [value, setValue] = useState("");
  const [wrong, setWrong] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    const key = value.trim();
    if (!/^hb_[\x21-\x7e]+$/.test(key)) {
      setWrong("A key begins with hb_ and has no spaces.");
      return;
    }
    setKey(key);
  };
  const message = wrong || (keyRefused.value ? "The collector did not accept this key. It may have been revoked." : "");
  return (
    <Main kind="sign-in">
      <form class="sign-in-box" onSubmit={submit}>
        <h1>Sign in to HiveBoard</h1>
        <p class="dim">This collector asks for a key. It is kept in this tab only.</p>
        <label for="key">Key</label>
        <input
          id="key"
          type="password"
          autoFocus
          autocomplete="off"
          spellcheck={false}
          placeholder="hb_…"
          value={value}
          aria-invalid={message !== ""}
          aria-describedby="key-note"
          onInput={(event) => {
            setValue(event.currentTarget.value);
            setWrong("");
          }}
        />
        <p id="key-note" class="tone-bad" role="alert">
          {message}
        </p>
        <button type="submit" class="button primary">
          Sign in
        </button>
      </form>
    </Main>
  );
}
