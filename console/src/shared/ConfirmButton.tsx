import { Button, type ButtonProps, Group, Popover, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { shared as t } from "../texts/shared";

interface ConfirmButtonProps {
  children: string;
  /** What happens, in a sentence. */
  warning: string;
  onConfirm: () => void;
  size?: ButtonProps["size"];
}

/** For what cannot be taken back: the second press does it. */
export function ConfirmButton({ children, warning, onConfirm, size = "compact-xs" }: ConfirmButtonProps) {
  const [open, { toggle, close, set }] = useDisclosure();
  return (
    <Popover opened={open} onChange={set} width={260} position="bottom-end" withArrow shadow="md" trapFocus>
      <Popover.Target>
        <Button size={size} variant="default" c="red" onClick={toggle}>
          {children}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Text size="sm" mb="xs">
          {warning}
        </Text>
        <Group justify="flex-end" gap="xs">
          <Button size="xs" variant="default" onClick={close}>
            {t.cancel}
          </Button>
          <Button
            size="xs"
            color="red"
            onClick={() => {
              close();
              onConfirm();
            }}
          >
            {children}
          </Button>
        </Group>
      </Popover.Dropdown>
    </Popover>
  );
}
