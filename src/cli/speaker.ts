// How commands say what they did: one JSON document with --json, else lines for people. Promises: what strangers wrote (a complaint, the
// name of a partner) reaches the terminal of staff as text, never as an order to it (attack: escape sequences in a complaint that
// fill a clipboard, hide lines or make the terminal type).
import type { CommandContext } from './context.ts';

export type Say = (result: object, text: string) => void;

export function speaker(context: CommandContext, asJson: boolean): Say {
  return (result, text) => void context.output.write(asJson ? `${plain(JSON.stringify(result))}\n` : plain(text));
}

/** With controls (C0 but line ends and tabs, DEL, C1), marks that turn the direction of text, and halves of characters as \uXXXX. */
export function plain(text: string): string {
  return text.replace(
    /[^\P{Cc}\n\t]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Cs}/gu,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
