import { cleanup, configure } from "@testing-library/react";
import { afterAll, afterEach, beforeAll } from "vitest";
import { controlPlane } from "./control-plane";

// Pages arrive as modules of their own: on a busy machine the first of them takes its time.
configure({ asyncUtilTimeout: 15_000 });

beforeAll(() => controlPlane.listen({ onUnhandledRequest: "error" }));
afterEach(() => {
  cleanup();
  controlPlane.resetHandlers();
});
afterAll(() => controlPlane.close());
