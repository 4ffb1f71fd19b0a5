import { Button, type ButtonProps, Popover } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Ban } from "lucide-react";
import { blocksOverQuery } from "../api/queries";
import type { Block } from "../api/types";
import { useMayAct } from "../shared/rights";
import { block as t } from "../texts/block";
import { BlockForm } from "./BlockForm";
import { covers } from "./cidr";
import { Unblock } from "./Unblock";

interface BlockIpProps {
  address: string;
  reason?: string;
  size?: ButtonProps["size"];
  /** Where it is known that no block covers the address, nobody needs to ask. */
  isBlocked?: boolean;
}

/** Block IP, or Unblock where a block already covers the address. */
export function BlockIp({ address, reason, size = "xs", isBlocked = true }: BlockIpProps) {
  const [open, { toggle, close, set }] = useDisclosure();
  const block = useBlockOver(address, isBlocked);
  const mayAct = useMayAct();
  if (block) return <Unblock cidr={block.cidr} size={size} />;
  return (
    <Popover opened={open} onChange={set} position="bottom-end" width={320} shadow="md" withArrow trapFocus>
      <Popover.Target>
        <Button
          size={size}
          color="red"
          leftSection={<Ban size={14} aria-hidden />}
          disabled={!mayAct}
          title={mayAct ? undefined : t.youMayOnlyLook}
          onClick={toggle}
        >
          {t.blockIp}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <BlockForm address={address} {...(reason ? { reason } : {})} onDone={close} />
      </Popover.Dropdown>
    </Popover>
  );
}

/** The block in force that covers this address. */
export function useBlockOver(address: string, enabled = true): Block | undefined {
  const { data } = useQuery({ ...blocksOverQuery(address), enabled });
  return enabled ? data?.find(({ cidr }) => covers(cidr, address)) : undefined;
}
