/** Asked for when the collector answers 401. The key is exchanged for a session at once and kept nowhere in the page. */

import { useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { signIn } from "../api/session";
import { Main } from "./Main";

function reason(error: ApiError): string {
  if (error.status === 401) return "The collector did not accept this key. It may have been revoked, or have expired.";
  if (error.status === 429) return "Too many wrong keys came from here. Wait a minute, then try again.";
  return error.message;
}

export function SignIn() {
  const [value, setValue] = useState("");
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const key = value.trim();
    if (!/^hb_[\x21-\x7e]+$/.test(key)) {
      setWrong("A key begins with hb_ and has no spaces.");
      return;
    }
    setBusy(true);
    try {
      await signIn(key);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setWrong(reason(error));
      setBusy(false);
    }
  };
  return (
    <Main kind="sign-in">
      <form class="sign-in-box" onSubmit={submit}>
        <h1>Sign in to HiveBoard</h1>
        <p class="dim">This collector asks for a key. The page does not keep it; the session ends when you sign out, or after a week.</p>
        <label for="key">Key</label>
        <input
          id="key"
          type="password"
          autoFocus
          autocomplete="off"
          spellcheck={false}
          placeholder="hb_…"
          value={value}
          aria-invalid={wrong !== ""}
          aria-describedby="key-note"
          onInput={(event) => {
            setValue(event.currentTarget.value);
            setWrong("");
          }}
        />
        <p id="key-note" class="tone-bad" role="alert">
          {wrong}
        </p>
        <button type="submit" class="button primary" disabled={busy}>
          Sign in
        </button>
      </form>
    </Main>
  );
}
