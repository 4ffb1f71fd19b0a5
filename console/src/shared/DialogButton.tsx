import { Button, type ButtonProps, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { shared as t } from "../texts/shared";

interface DialogButtonProps extends Pick<ButtonProps, "color" | "variant" | "size" | "disabled"> {
  label: string;
  /** What the dialog is called; as the button where absent. */
  title?: string;
  icon?: LucideIcon;
  wide?: boolean;
  /** What stands in the dialog, which is made anew each time it opens. */
  children: (close: () => void) => ReactNode;
}

/** A button, and the dialog that it opens. */
export function DialogButton({
  label,
  title = label,
  icon: Icon,
  wide,
  children,
  ...look
}: DialogButtonProps) {
  const [opened, { open, close }] = useDisclosure();
  return (
    <>
      <Button size="xs" leftSection={Icon && <Icon size={14} aria-hidden />} onClick={open} {...look}>
        {label}
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        title={title}
        size={wide ? "xl" : "md"}
        closeButtonProps={{ "aria-label": t.close }}
      >
        {children(close)}
      </Modal>
    </>
  );
}
