/** Signing in and out. The collector keeps the session in a cookie that no script can read; the page knows only that it is there. */

import { signal } from "@preact/signals";
import { ApiError, csrf, request, signInNeeded } from "./client";

interface Session {
  auth: "open" | "keys";
  signed_in: boolean;
  csrf_token: string | null;
  name: string;
  may: string[];
  is_test?: boolean;
}

/** What the reader may do here, and whether anybody is asked for a key; null until it is known. */
export const access = signal<Pick<Session, "auth" | "may" | "name" | "is_test"> | null>(null);

/** Who the page is signed in as; null until it is known, and where the collector asks nobody. */
export const signedInAs = signal<{ name: string } | null>(null);

function take(session: Session): void {
  csrf.value = session.csrf_token;
  access.value = session.signed_in ? session : null;
  signedInAs.value = session.auth === "keys" && session.signed_in ? { name: session.name } : null;
  if (!session.signed_in) signInNeeded.value = true;
}

/** Learn whether there is a session. What fails here fails louder in the page's other requests. */
export async function loadSession(): Promise<void> {
  try {
    take(await request<Session>("GET", "session"));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

/** Exchange a key for a session. Throws {@link ApiError}; the key is kept nowhere. */
export async function signIn(key: string): Promise<void> {
  take(await request<Session>("POST", "session", { body: { key } }));
  signInNeeded.value = false;
}

/** End the session, here and wherever its cookie may have been copied to. */
export async function signOut(): Promise<void> {
  await request<Session>("DELETE", "session");
  csrf.value = null;
  signedInAs.value = null;
  // The page starts anew: nothing that was shown stays in memory.
  location.reload();
}
