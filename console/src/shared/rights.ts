import { useQuery } from "@tanstack/react-query";
import { sessionQuery } from "../api/queries";

/** Whether whoever is logged in may see who is who, and what they did. */
export function useIsAdmin(): boolean {
  const { data: session } = useQuery(sessionQuery);
  return session?.role === "admin";
}

/** Whether whoever is logged in may change things. The control plane decides; the console only does not offer in vain. */
export function useMayAct(): boolean {
  const { data: session } = useQuery(sessionQuery);
  return session !== undefined && session.role !== "viewer";
}
