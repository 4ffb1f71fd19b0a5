import { setupServer } from "msw/node";

/** Stands in for the control plane; a test says which answers it needs. */
export const controlPlane = setupServer();
