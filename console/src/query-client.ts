import { QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError, isLoggedOut } from "./api/client";
import { sessionQuery } from "./api/queries";

// A browser without a way to the internet calls itself offline, and still reaches a control plane on its own network.
const ALWAYS = "always";

export function makeQueryClient(): QueryClient {
  const queries: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      // A session that ends while pages refresh: asking for it anew brings the log-in page.
      onError: (error, query) => {
        if (isLoggedOut(error) && query.queryKey[0] !== "session") {
          void queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
        }
      },
    }),
    defaultOptions: {
      queries: {
        networkMode: ALWAYS,
        // What the control plane refuses once it will refuse again.
        retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status >= 400),
        staleTime: 2_000,
      },
      mutations: { networkMode: ALWAYS },
    },
  });
  return queries;
}
