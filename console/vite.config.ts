import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const controlPlane = process.env["PORTCULLIS_URL"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    // The first with light-dark(), which an older target would have rewritten into something that ignores the switch.
    target: ["chrome123", "firefox120", "safari17.5"],
    // A data: URL in a style sheet would need a wider CSP.
    assetsInlineLimit: 0,
    // ECharts is one lump of about that size; it is loaded with the pages that draw.
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: { "/api": controlPlane, "/session": controlPlane },
  },
  test: {
    environment: "happy-dom",
    environmentOptions: { happyDOM: { url: "http://console.test/" } },
    setupFiles: ["test/setup.ts"],
    testTimeout: 60_000,
    include: ["src/**/*.test.{ts,tsx}", "test/**/*.test.{ts,tsx}"],
  },
});
