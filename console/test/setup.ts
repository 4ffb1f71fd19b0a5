import { cleanup, configure } from "@testing-library/react";
import { afterAll, afterEach, beforeAll } from "vitest";
import { controlPlane } from "./control-plane";

// Pages arrive as modules of their own: on a busy machine the first of them takes its time.
// Whether each element around is hidden is asked of styles that are computed anew each time: most of a test's seconds.
configure({ asyncUtilTimeout: 15_000, defaultHidden: true });

// Nothing is laid out here; a list that draws what is in view needs a view.
Object.defineProperties(HTMLElement.prototype, {
  clientHeight: { configurable: true, get: () => 800 },
  clientWidth: { configurable: true, get: () => 1_280 },
});

beforeAll(() => controlPlane.listen({ onUnhandledRequest: "error" }));
afterEach(() => {
  cleanup();
  controlPlane.resetHandlers();
});
afterAll(() => controlPlane.close());
