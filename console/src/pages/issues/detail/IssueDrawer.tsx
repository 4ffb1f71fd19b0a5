import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { issueQuery } from "../../../api/issues";
import { SideDrawer } from "../../../shared/SideDrawer";
import { issues as t } from "../../../texts/issues";
import { IssueView } from "./IssueView";

const route = getRouteApi("/shell/issues/$issueId");

/** One issue beside the list, which stays in use. */
export function IssueDrawer() {
  const { issueId } = route.useParams();
  const navigate = route.useNavigate();
  const { data, error } = useQuery(issueQuery(issueId));
  const close = () => void navigate({ to: "/issues", search: (list) => list, resetScroll: false });
  return (
    <SideDrawer
      label={t.issue}
      onClose={close}
      error={error}
      failed={t.notLoaded}
      none={{ title: t.none.noneSuch, about: t.none.noneSuchHow }}
      shown={data && ((closeButton) => <IssueView issue={data} closeButton={closeButton} />)}
    />
  );
}
