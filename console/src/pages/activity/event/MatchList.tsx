import { Table, Text } from "@mantine/core";
import type { Match } from "../../../api/types";
import { Hostile } from "../../../shared/text";
import { activity as t } from "../../../texts/activity";

export function MatchList({ matches }: { matches: Match[] }) {
  if (matches.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t.thePolicyJudgedThe}
      </Text>
    );
  }
  return (
    <Table fz="xs" verticalSpacing={4} withTableBorder aria-label={t.matches}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th w="26%">{t.where}</Table.Th>
          <Table.Th>{t.whatDecoded}</Table.Th>
          <Table.Th w="20%">{t.foundBy}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {matches.map((match) => (
          <Table.Tr key={`${match.location} ${match.start} ${match.end} ${match.detector}`}>
            <Table.Td>
              <Hostile>{match.location}</Hostile>
            </Table.Td>
            <Table.Td>
              <mark>
                <Hostile>{match.phrase}</Hostile>
              </mark>
            </Table.Td>
            <Table.Td>{match.detector}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
