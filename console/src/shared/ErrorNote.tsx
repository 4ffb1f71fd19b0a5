import { Alert, List } from "@mantine/core";
import { CircleAlert } from "lucide-react";
import { ApiError } from "../api/client";

/** The reasons an error has; one line each. */
export function reasonsOf(error: unknown): string[] {
  if (error instanceof ApiError) return error.reasons;
  return [error instanceof Error ? error.message : String(error)];
}

export function ErrorNote({ error, title }: { error: unknown; title: string }) {
  const reasons = reasonsOf(error);
  return (
    <Alert color="red" icon={<CircleAlert size={18} />} title={title} role="alert">
      {reasons.length === 1 ? (
        reasons[0]
      ) : (
        <List size="sm">
          {reasons.map((reason) => (
            <List.Item key={reason}>{reason}</List.Item>
          ))}
        </List>
      )}
    </Alert>
  );
}
