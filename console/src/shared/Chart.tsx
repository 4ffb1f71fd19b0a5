import { Box, useComputedColorScheme } from "@mantine/core";
import { BarChart, LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { type EChartsCoreOption, type EChartsType, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";

use([BarChart, LineChart, ScatterChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

interface ChartProps {
  label: string;
  height: number;
  option: EChartsCoreOption;
  /** A click on what stands for one value. The same must be reachable without a pointer elsewhere on the page. */
  onPick?: (picked: { name: string; dataIndex: number; data?: unknown }) => void;
}

/** A drawing by ECharts in the colours of the page. */
export default function Chart({ label, height, option, onPick }: ChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType>(null);
  const scheme = useComputedColorScheme("light");

  useEffect(() => {
    if (!holder.current) return;
    const made = init(holder.current, scheme === "dark" ? "dark" : undefined);
    const follow = new ResizeObserver(() => made.resize());
    follow.observe(holder.current);
    chart.current = made;
    return () => {
      follow.disconnect();
      made.dispose();
    };
  }, [scheme]);

  useEffect(() => {
    const made = chart.current;
    if (!onPick || !made) return;
    const pick = ({ name, dataIndex, data }: { name: string; dataIndex: number; data?: unknown }) =>
      onPick({ name, dataIndex, data });
    made.on("click", pick);
    return () => {
      if (!made.isDisposed()) made.off("click", pick);
    };
  });

  useEffect(() => {
    const frame = { backgroundColor: "transparent", animation: false };
    chart.current?.setOption({ ...frame, ...option }, { notMerge: true });
  }, [option, scheme]);

  return <Box ref={holder} h={height} role="img" aria-label={label} />;
}
