import { useQuery } from "@tanstack/react-query";
import { accountsQuery } from "../api/accounts";
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

/**
 * Whether they are an admin of the operator's account, which alone may know that there are others; `undefined` until that is
 * known, and for who is no admin.
 */
export function useIsOperator(): boolean | undefined {
  const isAdmin = useIsAdmin();
  const { status } = useQuery({ ...accountsQuery, enabled: isAdmin, retry: false });
  if (!isAdmin || status === "pending") return undefined;
  return status === "success";
}
