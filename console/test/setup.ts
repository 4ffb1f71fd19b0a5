import { afterAll, afterEach, beforeAll } from "vitest";
import { controlPlane } from "./control-plane";

beforeAll(() => controlPlane.listen({ onUnhandledRequest: "error" }));
afterEach(() => controlPlane.resetHandlers());
afterAll(() => controlPlane.close());
