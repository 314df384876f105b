/**
 * Presses of one button: a second one that follows at once is part of a double click, and asks for nothing more.
 *
 * Pure: the clock is the caller's, in milliseconds.
 */

/** The longest time between the two presses of a double click, in milliseconds. */
const DOUBLE_CLICK = 500;

export class Presses<Answer> {
  private last: { button: string; at: number; answer: Answer } | undefined;

  /** What a press gives: what `act` does, or what the press before it gave. `button` says what is asked for, and of what. */
  press(button: string, now: number, act: () => Answer): Answer {
    const { last } = this;
    if (last?.button === button && now - last.at < DOUBLE_CLICK) return last.answer;
    const answer = act();
    this.last = { button, at: now, answer };
    return answer;
  }
}
