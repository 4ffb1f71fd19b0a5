import { ActionIcon, Button, Group, Menu, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Bookmark, X } from "lucide-react";
import { type FormEvent, useState } from "react";
import { showProblem } from "../../../shared/notices";
import type { ActivitySearch } from "../search";
import classes from "./SavedViews.module.css";
import { LONGEST_NAME, readViews, type SavedView, withView, writeViews } from "./views";

interface SavedViewsProps {
  search: ActivitySearch;
  onShow: (search: ActivitySearch) => void;
}

/** Named combinations of filters, kept in this browser. What is shared with others is the address. */
export function SavedViews({ search, onShow }: SavedViewsProps) {
  const [views, setViews] = useState(() => readViews());
  const [naming, { open, close }] = useDisclosure();
  const [name, setName] = useState("");

  function keep(next: SavedView[]) {
    try {
      writeViews(next);
      setViews(next);
    } catch (error) {
      showProblem("This browser keeps no views", error);
    }
  }

  function save(event: FormEvent) {
    event.preventDefault();
    keep(withView(views, { name: name.trim(), search }));
    setName("");
    close();
  }

  return (
    <>
      <Menu position="bottom-end" withArrow>
        <Menu.Target>
          <Button size="xs" variant="default" leftSection={<Bookmark size={14} aria-hidden />}>
            Views
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {views.length === 0 && (
            <Text size="xs" c="dimmed" px="sm" py={6} maw={220}>
              Save the filters you look at every day, and come back to them with one click.
            </Text>
          )}
          {views.map((view) => (
            <Group key={view.name} gap={2} wrap="nowrap">
              <Menu.Item className={classes.view} onClick={() => onShow(view.search)}>
                {view.name}
              </Menu.Item>
              <ActionIcon
                size="sm"
                variant="subtle"
                color="gray"
                aria-label={`Forget the view ${view.name}`}
                onClick={() => keep(views.filter((other) => other !== view))}
              >
                <X size={14} />
              </ActionIcon>
            </Group>
          ))}
          <Menu.Divider />
          <Menu.Item onClick={open}>Save these filters…</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal
        opened={naming}
        onClose={close}
        title="Save these filters"
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <Stack component="form" gap="sm" onSubmit={save}>
          <TextInput
            label="Name"
            data-autofocus
            required
            maxLength={LONGEST_NAME}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button type="submit" disabled={name.trim() === ""}>
              {views.some((view) => view.name === name.trim()) ? "Replace" : "Save"}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
