import { queryOptions } from "@tanstack/react-query";
import { call } from "./client";

export const accountsQuery = queryOptions({
  queryKey: ["accounts"],
  queryFn: async ({ signal }) => (await call("fetchAccounts", {}, signal)).accounts,
});

/** With the first key of an admin of it, shown this once. */
export const addAccount = (account: { id: string; name: string }) => call("addAccount", account);
export const removeAccount = (id: string) => call("removeAccount", { id, deleteData: true });

/** Which virtual network belongs to which account, as YAML. */
export const vniMappingQuery = queryOptions({
  queryKey: ["vni-mapping"],
  queryFn: async ({ signal }) => (await call("fetchVniMapping", {}, signal)).yaml,
});
export const setVniMapping = (yaml: string) => call("modifyVniMapping", { yaml });
