import { Button, Menu, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { KeyRound, LogOut, RectangleEllipsis, UserRound } from "lucide-react";
import { logOut } from "../api/commands";
import { sessionQuery } from "../api/queries";
import { showProblem } from "../shared/notices";
import { layout as t } from "../texts/layout";
import { ChangePassword } from "./ChangePassword";

/** Who is logged in, and the way out. */
export function Account() {
  const { data: session } = useQuery(sessionQuery);
  const [changing, { open, close }] = useDisclosure();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const isUser = session?.kind === "user";
  const Icon = isUser ? UserRound : KeyRound;

  async function leave() {
    try {
      await logOut();
    } catch (error) {
      showProblem(t.youAreStillLogged, error);
      return;
    }
    queries.clear();
    await navigate({ to: "/login" });
  }

  return (
    <>
      <Menu position="bottom-end" withArrow>
        <Menu.Target>
          <Button variant="default" size="xs" leftSection={<Icon size={14} aria-hidden />}>
            {session?.name ?? "…"}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            <Text size="xs">{isUser ? t.user : t.apiKey}</Text>
            <Text size="xs">
              {t.role} {session?.role}
            </Text>
          </Menu.Label>
          {isUser && (
            <Menu.Item leftSection={<RectangleEllipsis size={14} />} onClick={open}>
              {t.changePassword}
            </Menu.Item>
          )}
          <Menu.Item leftSection={<LogOut size={14} />} onClick={leave}>
            {t.logOut}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ChangePassword opened={changing} onClose={close} />
    </>
  );
}
