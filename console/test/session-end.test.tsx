import { act, screen } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, test, vi } from "vitest";
import { openConsole } from "./app";
import { answering, controlPlane } from "./control-plane";

const LOADS_MS = 300;

// A page comes over a network, and what was there stays until it is here.
vi.mock(import("../src/pages/login/LoginPage"), async (load) => {
  await new Promise((loaded) => setTimeout(loaded, LOADS_MS));
  return await load();
});

test("a session that ends leads to the log-in page once, and back to where it ended", async () => {
  answering({});
  const { address, queries } = openConsole("/activity?tab=review");
  await screen.findByText("Nothing is under review");

  controlPlane.use(http.get("*/session", () => new HttpResponse(null, { status: 401 })));
  await act(() => queries.invalidateQueries());
  await screen.findByLabelText(/^Password/);
  expect(address()).toBe(`/login?next=${encodeURIComponent("/activity?tab=review")}`);
});
