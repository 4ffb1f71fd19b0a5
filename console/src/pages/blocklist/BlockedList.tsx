import { useInfiniteQuery } from "@tanstack/react-query";
import { Ban } from "lucide-react";
import { blocklistQuery } from "../../api/queries";
import { EmptyState } from "../../shared/EmptyState";
import { GrowingTable } from "../../shared/GrowingTable";
import { blocklist as t } from "../../texts/blocklist";
import { columns } from "./columns";

export function BlockedList({ search }: { search: string }) {
  const blocks = useInfiniteQuery(blocklistQuery(search));
  return (
    <GrowingTable
      label={t.blocklist}
      columns={columns}
      query={blocks}
      rowsOf={(page) => page.blocks}
      rowId={(block) => block.cidr}
      more={t.moreOf(blocks.data?.pages[0]?.total ?? 0)}
      empty={
        search ? (
          <EmptyState icon={Ban} title={t.noBlockFitsThe}>
            {t.itLooksIntoAddressReason}
          </EmptyState>
        ) : (
          <EmptyState icon={Ban} title={t.nobodyIsBlocked}>
            {t.pressBlockIpOn}
          </EmptyState>
        )
      }
    />
  );
}
