import { notifications } from "@mantine/notifications";
import { reasonsOf } from "./ErrorNote";

export function showDone(title: string, message = ""): void {
  notifications.show({ color: "teal", title, message });
}

/** Stays until it is closed: what went wrong is worth reading. */
export function showProblem(title: string, error: unknown): void {
  notifications.show({ color: "red", title, message: reasonsOf(error).join("; "), autoClose: false });
}
