import { screen, waitFor } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { openConsole } from "./app";
import { answering, EVENT } from "./control-plane";

// Nothing is painted here; what is said of a chart to who cannot see it is checked.
vi.mock("../src/shared/Chart", () => ({
  default: ({ label }: { label: string }) => <div role="img" aria-label={label} />,
}));
vi.mock("../src/pages/overview/MapChart", () => ({
  default: ({ label }: { label: string }) => <div role="img" aria-label={label} />,
}));

const template = (id: string, subCategory: string) => ({ id, content: "", info: { subCategory } });

function attacked() {
  const asked: [string, Record<string, unknown>][] = [];
  const noting = (name: string, reply: object) => (request: Record<string, unknown>) => {
    asked.push([name, request]);
    return reply;
  };
  const sensor = { id: "s", connected: true, appliedRevision: 0, counters: {} };
  answering({
    fetchSensors: () => ({ sensors: [sensor], revision: 0 }),
    fetchSuspectSampleData: noting("events", { maliciousEvents: [EVENT], total: 1 }),
    fetchCountBySeverity: noting("severities", {
      categoryCounts: [
        { category: "", subCategory: "CRITICAL", count: 2 },
        { category: "", subCategory: "HIGH", count: 7 },
      ],
    }),
    fetchThreatCategoryCount: () => ({
      categoryCounts: [{ category: "SQLI", subCategory: "SQL_INJECTION", count: 9 }],
    }),
    fetchFilterYamlTemplate: () => ({
      templates: [template("SQLInjection", "SQL_INJECTION"), template("XSS", "XSS")],
    }),
    getActorsCountPerCountry: noting("countries", {
      actorsCountPerCountry: [
        { country: "FR", count: 3 },
        { country: "", count: 2 },
      ],
    }),
    fetchThreatActors: noting("actors", { actors: [], total: 4 }),
  });
  return asked;
}

test("a pressed severity narrows what stands below, and stands in the address", async () => {
  const asked = attacked();
  const { user, address } = openConsole("/?range=24h");
  const high = await screen.findByRole("button", { name: /^HIGH/ });
  expect(await screen.findByRole("img", { name: /^Attacks over time by severity, 225 in all/ })).toBeTruthy();
  await user.click(high);
  await waitFor(() => expect(address()).toContain("severity=HIGH"));
  expect(high.getAttribute("aria-pressed")).toBe("true");
  expect(await screen.findByRole("img", { name: /^Attacks over time by severity, 175 in all/ })).toBeTruthy();
  await waitFor(() =>
    expect(asked.some(([name, { severity, limit }]) => name === "events" && limit === 8 && severity)).toBe(
      true,
    ),
  );
});

test("a pressed category narrows by its policies", async () => {
  const asked = attacked();
  const { user, address } = openConsole("/");
  await user.click(await screen.findByRole("button", { name: /^SQL_INJECTION/ }));
  await waitFor(() => expect(address()).toContain("kind=SQL_INJECTION"));
  await waitFor(() => {
    const last = asked.filter(([name]) => name === "countries").at(-1)?.[1];
    expect(last?.["latestAttack"]).toEqual(["SQLInjection"]);
  });
});

test("a country leads to its actors; addresses of no country are counted apart", async () => {
  const asked = attacked();
  const { user, address } = openConsole("/");
  expect(await screen.findByRole("img", { name: "World map of 3 actors in 1 country" })).toBeTruthy();
  expect(screen.getByText("2 actors with a private address or one of no known country")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: /^France/ }));
  await waitFor(() => expect(address()).toBe("/actors?country=FR"));
  await waitFor(() => expect(asked.at(-1)?.[1]["country"]).toEqual(["FR"]));
  await user.click(await screen.findByRole("button", { name: "From France only; show all" }));
  await waitFor(() => expect(address()).toBe("/actors"));
});

test("without a sensor the overview says how to add one", async () => {
  answering({});
  openConsole("/");
  expect(await screen.findByText("No sensor has enrolled yet")).toBeTruthy();
  expect(screen.getByRole("link", { name: "How to add a sensor" })).toBeTruthy();
});
