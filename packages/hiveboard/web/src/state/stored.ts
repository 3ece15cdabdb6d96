/** Small preferences kept in local storage; absent or refused storage is not an error. */

const PREFIX = "hiveboard.";

export function stored(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function store(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // Private windows may refuse; the preference then lasts as long as the page.
  }
}
