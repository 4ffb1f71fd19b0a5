import { Button, Collapse, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { ChevronDown, ChevronRight } from "lucide-react";
import { Columns } from "../../shared/Columns";
import { count } from "../../shared/format";
import { sensors as t } from "../../texts/sensors";
import { counterName } from "./counters";

/** Everything a sensor counts, for whoever looks for a cause. */
export function CounterTable({ counters }: { counters: Record<string, number> }) {
  const [open, { toggle }] = useDisclosure();
  const names = Object.keys(counters).sort();
  if (names.length === 0) return null;
  return (
    <div>
      <Button
        mt="sm"
        size="compact-xs"
        variant="subtle"
        leftSection={open ? <ChevronDown size={13} /> : <ChevronRight size={13} />}
        aria-expanded={open}
        onClick={toggle}
      >
        {t.counters(names.length)}
      </Button>
      <Collapse expanded={open}>
        <Columns least={260} gap={32} rowGap={2}>
          {names.map((name) => (
            <Text
              key={name}
              size="xs"
              style={{ display: "flex", justifyContent: "space-between" }}
              component="div"
            >
              <span>{counterName(name)}</span>
              <span>{count(counters[name] ?? 0)}</span>
            </Text>
          ))}
        </Columns>
      </Collapse>
    </div>
  );
}
