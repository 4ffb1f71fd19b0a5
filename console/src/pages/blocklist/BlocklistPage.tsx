import { Button, Center, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Ban, Plus } from "lucide-react";
import { useState } from "react";
import { blocklistQuery } from "../../api/queries";
import { BlockForm } from "../../block/BlockForm";
import { DataTable } from "../../shared/DataTable";
import { EmptyState } from "../../shared/EmptyState";
import { count } from "../../shared/format";
import { Page } from "../../shared/Page";
import { useMayAct } from "../../shared/rights";
import { SearchBox } from "../../shared/SearchBox";
import { columns } from "./columns";

export function BlocklistPage() {
  const [search, setSearch] = useState("");
  const blocks = useInfiniteQuery(blocklistQuery(search));
  const total = blocks.data?.pages[0]?.total ?? 0;
  const [adding, { open, close }] = useDisclosure();
  const mayAct = useMayAct();
  return (
    <Page
      title="Blocklist"
      about="Whose packets the sensors drop, and until when"
      actions={
        <>
          <SearchBox label="Search address, reason, who" value={search} onChange={setSearch} />
          <Button
            size="xs"
            color="red"
            leftSection={<Plus size={14} aria-hidden />}
            disabled={!mayAct}
            onClick={open}
          >
            Block an address
          </Button>
        </>
      }
    >
      <DataTable
        label="Blocklist"
        columns={columns}
        rows={blocks.data?.pages.flatMap((page) => page.blocks)}
        rowId={(block) => block.cidr}
        error={blocks.error}
        empty={
          search ? (
            <EmptyState icon={Ban} title="No block fits the search">
              It looks into address, reason and who made the block.
            </EmptyState>
          ) : (
            <EmptyState icon={Ban} title="Nobody is blocked">
              Press «Block IP» on an event or an actor, or block an address or a prefix here.
            </EmptyState>
          )
        }
      />
      {blocks.hasNextPage && (
        <Center mt="sm">
          <Button
            size="xs"
            variant="default"
            loading={blocks.isFetchingNextPage}
            onClick={() => blocks.fetchNextPage()}
          >
            More of {count(total)}
          </Button>
        </Center>
      )}
      <Modal
        opened={adding}
        onClose={close}
        title="Block an address"
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <BlockForm onDone={close} />
      </Modal>
    </Page>
  );
}
