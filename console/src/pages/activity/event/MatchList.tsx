import { Table, Text } from "@mantine/core";
import type { Match } from "../../../api/types";
import { Hostile } from "../../../shared/text";

export function MatchList({ matches }: { matches: Match[] }) {
  if (matches.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        The policy judged the exchange as a whole: no single stretch of it stands for the match.
      </Text>
    );
  }
  return (
    <Table fz="xs" verticalSpacing={4} withTableBorder aria-label="Matches">
      <Table.Thead>
        <Table.Tr>
          <Table.Th w="26%">Where</Table.Th>
          <Table.Th>What, decoded</Table.Th>
          <Table.Th w="20%">Found by</Table.Th>
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
