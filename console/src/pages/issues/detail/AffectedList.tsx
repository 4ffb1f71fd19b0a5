import { ScrollArea, Table, Text } from "@mantine/core";
import type { IssueDetail } from "../../../api/types";
import { PageAnchor } from "../../../shared/links";
import { Time } from "../../../shared/Time";
import { Hostile } from "../../../shared/text";
import { issues as t } from "../../../texts/issues";
import { placeOf } from "../place";

/** Every place that has the same weakness. */
export function AffectedList({ issue }: { issue: IssueDetail }) {
  const { affectedEndpoints, affectedTotal, issueId } = issue;
  return (
    <>
      <ScrollArea.Autosize mah={260}>
        <Table fz="xs" verticalSpacing={4} layout="fixed" aria-label={t.parts.affected}>
          <Table.Tbody>
            {affectedEndpoints.map((one) => (
              <Table.Tr key={one.issueId}>
                <Table.Td>
                  {one.issueId === issueId ? (
                    <>
                      <Hostile>{placeOf(one)}</Hostile>{" "}
                      <Text span c="dimmed" fz="inherit">
                        {t.here}
                      </Text>
                    </>
                  ) : (
                    <PageAnchor
                      to="/issues/$issueId"
                      params={{ issueId: one.issueId }}
                      search={true}
                      fz="inherit"
                    >
                      <Hostile>{placeOf(one)}</Hostile>
                    </PageAnchor>
                  )}
                </Table.Td>
                <Table.Td w={70}>{t.status[one.status]}</Table.Td>
                <Table.Td w={84} ta="right">
                  <Time at={one.lastSeen} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
      {affectedTotal > affectedEndpoints.length && (
        <Text size="xs" c="dimmed" mt={4}>
          {t.affectedMore(affectedEndpoints.length, affectedTotal)}
        </Text>
      )}
    </>
  );
}
