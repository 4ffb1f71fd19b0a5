import { Button, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Ban, Plus } from "lucide-react";
import { blocklistQuery } from "../../api/queries";
import { BlockForm } from "../../block/BlockForm";
import { DataTable } from "../../shared/DataTable";
import { EmptyState } from "../../shared/EmptyState";
import { Page } from "../../shared/Page";
import { useMayAct } from "../../shared/rights";
import { columns } from "./columns";

export function BlocklistPage() {
  const { data, error } = useQuery(blocklistQuery);
  const [adding, { open, close }] = useDisclosure();
  const mayAct = useMayAct();
  return (
    <Page
      title="Blocklist"
      about="Whose packets the sensors drop, and until when"
      actions={
        <Button
          size="xs"
          color="red"
          leftSection={<Plus size={14} aria-hidden />}
          disabled={!mayAct}
          onClick={open}
        >
          Block an address
        </Button>
      }
    >
      <DataTable
        label="Blocklist"
        columns={columns}
        rows={data?.blocks}
        rowId={(block) => block.cidr}
        error={error}
        empty={
          <EmptyState icon={Ban} title="Nobody is blocked">
            Press «Block IP» on an event or an actor, or block an address or a prefix here.
          </EmptyState>
        }
      />
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
