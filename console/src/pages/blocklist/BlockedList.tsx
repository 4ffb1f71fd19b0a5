import { useInfiniteQuery } from "@tanstack/react-query";
import { Ban } from "lucide-react";
import { blocklistQuery } from "../../api/queries";
import { EmptyState } from "../../shared/EmptyState";
import { count } from "../../shared/format";
import { GrowingTable } from "../../shared/GrowingTable";
import { columns } from "./columns";

export function BlockedList({ search }: { search: string }) {
  const blocks = useInfiniteQuery(blocklistQuery(search));
  return (
    <GrowingTable
      label="Blocklist"
      columns={columns}
      query={blocks}
      rowsOf={(page) => page.blocks}
      rowId={(block) => block.cidr}
      more={`More of ${count(blocks.data?.pages[0]?.total ?? 0)}`}
      empty={
        search ? (
          <EmptyState icon={Ban} title="No block fits the search">
            It looks into address, reason and who made the block.
          </EmptyState>
        ) : (
          <EmptyState icon={Ban} title="Nobody is blocked">
            Press «Block IP» on an event or an actor, or block an address, a prefix or a list of them here.
          </EmptyState>
        )
      }
    />
  );
}
