import { ActionIcon, Button, Group, Menu, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Bookmark, X } from "lucide-react";
import { type FormEvent, useState } from "react";
import { showProblem } from "../../../shared/notices";
import { activity as t } from "../../../texts/activity";
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
      showProblem(t.thisBrowserKeepsNo, error);
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
            {t.views}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {views.length === 0 && (
            <Text size="xs" c="dimmed" px="sm" py={6} maw={220}>
              {t.saveTheFiltersYou}
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
                aria-label={t.forgetTheView(view.name)}
                onClick={() => keep(views.filter((other) => other !== view))}
              >
                <X size={14} />
              </ActionIcon>
            </Group>
          ))}
          <Menu.Divider />
          <Menu.Item onClick={open}>{t.saveTheseFiltersAsk}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal
        opened={naming}
        onClose={close}
        title={t.saveTheseFiltersTitle}
        closeButtonProps={{ "aria-label": t.close }}
      >
        <Stack component="form" gap="sm" onSubmit={save}>
          <TextInput
            label={t.name}
            data-autofocus
            required
            maxLength={LONGEST_NAME}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button type="submit" disabled={name.trim() === ""}>
              {views.some((view) => view.name === name.trim()) ? t.replace : t.save}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
