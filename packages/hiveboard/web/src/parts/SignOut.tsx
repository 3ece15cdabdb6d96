/** Ends the session; shown only where there is one. */

import { signedInAs, signOut } from "../api/session";
import { Icon } from "./Marks";

export function SignOut() {
  const who = signedInAs.value;
  if (who === null) return null;
  const label = who.name ? `Sign out ${who.name}` : "Sign out";
  return (
    <button type="button" class="button quiet" aria-label={label} title={label} onClick={() => void signOut().catch(() => undefined)}>
      <Icon name="leave" />
    </button>
  );
}
