/** What a view shows when it has nothing to show: still loading, nothing there, or something wrong and what to do. */

import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ApiError } from "../api/client";
import { Icon } from "./Marks";

/** Says "Loading" only after a moment, so that quick answers never flash. */
export function Loading() {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 400);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="state" role="status">
      {late ? "Loading…" : ""}
    </div>
  );
}

/** The collector has looked through many rows, none of which fit, and has more to look through. */
export function Searching({ children }: { children?: ComponentChildren }) {
  return (
    <div class="state" role="status">
      <p class="state-title">Nothing yet that fits; searching further back…</p>
      {children}
    </div>
  );
}

export function Nothing({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="state">
      <p class="state-title">{title}</p>
      {children}
    </div>
  );
}

function advice(error: ApiError): string {
  if (error.status === 0) return "The page keeps trying and fills by itself once the collector answers.";
  if (error.status === 400) return "The collector does not take this filter. Choose another one.";
  if (error.status === 401) return "Sign in with a key to continue.";
  if (error.status === 403) return "This key may not read here; sign in with another one.";
  if (error.status === 404) return "It may have been erased, or it belongs to another project or key.";
  if (error.status === 429) return "The collector is busy; the page tries again by itself.";
  return "The collector’s log says more. The page tries again by itself.";
}

export function Failed({ error, retry, children }: { error: ApiError; retry: () => void; children?: ComponentChildren }) {
  return (
    <div class="state" role="alert">
      <p class="state-title">
        <span class="tone-bad">
          <Icon name="alert" />
        </span>{" "}
        {error.message}
      </p>
      <p class="dim">{advice(error)}</p>
      {children ?? null}
      {error.status === 400 ? null : (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** A thin note above data that could not be refreshed. */
export function Outdated({ error, retry }: { error: ApiError; retry: () => void }) {
  return (
    <div class="outdated" role="status">
      <Icon name="alert" />
      <span>Not up to date: {error.message}</span>
      <button type="button" class="button quiet" onClick={retry}>
        Try again
      </button>
    </div>
  );
}

interface LoadedProps<T> {
  from: { error: Signal<ApiError | null>; reload: () => void };
  /** What is there, or null as long as nothing is. */
  data: T | null;
  /** What can be done where it failed. */
  advice?: (error: ApiError) => ComponentChildren;
  children: (data: T) => ComponentChildren;
}

/** What was read, with a note where it could not be read again; before that, that it loads or why it failed. */
export function Loaded<T>({ from, data, advice, children }: LoadedProps<T>) {
  const error = from.error.value;
  if (data === null)
    return error ? (
      <Failed error={error} retry={from.reload}>
        {advice?.(error)}
      </Failed>
    ) : (
      <Loading />
    );
  return (
    <>
      {error ? <Outdated error={error} retry={from.reload} /> : null}
      {children(data)}
    </>
  );
}
