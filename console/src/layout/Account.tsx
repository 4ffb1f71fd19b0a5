import { Button, Menu, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { KeyRound, LogOut } from "lucide-react";
import { logOut } from "../api/commands";
import { sessionQuery } from "../api/queries";
import { showProblem } from "../shared/notices";

/** Whose key this is, and the way out. */
export function Account() {
  const { data: session } = useQuery(sessionQuery);
  const queries = useQueryClient();
  const navigate = useNavigate();

  async function leave() {
    try {
      await logOut();
    } catch (error) {
      showProblem("You are still logged in", error);
      return;
    }
    queries.clear();
    await navigate({ to: "/login" });
  }

  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target>
        <Button variant="default" size="xs" leftSection={<KeyRound size={14} aria-hidden />}>
          {session?.name ?? "…"}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="xs">Role: {session?.role}</Text>
        </Menu.Label>
        <Menu.Item leftSection={<LogOut size={14} />} onClick={leave}>
          Log out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
