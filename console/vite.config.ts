import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { mantineTheme } from "./build/mantine-theme";

const controlPlane = process.env["PORTCULLIS_URL"] ?? "http://127.0.0.1:8080";
// Not the page /apis.
const proxy = { "^/api/": controlPlane, "^/session": controlPlane };

// What the control plane serves the console with; `npm run preview` does the same.
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
  "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export default defineConfig({
  plugins: [react(), mantineTheme()],
  build: {
    // The first with light-dark(), which an older target would have rewritten into something that ignores the switch.
    target: ["chrome123", "firefox120", "safari17.5"],
    // A data: URL in a style sheet would need a wider CSP.
    assetsInlineLimit: 0,
    // ECharts is one lump of about that size; it is loaded with the pages that draw.
    chunkSizeWarningLimit: 700,
  },
  server: { proxy },
  preview: { proxy, headers: { "content-security-policy": contentSecurityPolicy } },
  test: {
    projects: [
      {
        extends: true,
        // What needs no page is spared the seconds that one takes to set up, for each file.
        test: { name: "logic", environment: "node", isolate: false, include: ["src/**/*.test.ts"] },
      },
      {
        extends: true,
        test: {
          name: "pages",
          environment: "happy-dom",
          // Each test makes a console of its own; loading its modules anew for each file would take longer than the tests.
          isolate: false,
          environmentOptions: { happyDOM: { url: "http://console.test/" } },
          setupFiles: ["test/setup.ts"],
          testTimeout: 60_000,
          include: ["src/**/*.test.tsx", "test/**/*.test.{ts,tsx}"],
        },
      },
    ],
  },
});
