import { Skeleton } from "@mantine/core";
import { type ComponentProps, lazy, Suspense } from "react";

const Chart = lazy(() => import("./Chart"));

/** Drawn on the canvas, because the other kind of tooltip is HTML made from names we do not trust. */
export const TOOLTIP = { renderMode: "richText", confine: true } as const;

/** A chart whose library is fetched with the first drawing. */
export function LazyChart(props: ComponentProps<typeof Chart>) {
  return (
    <Suspense fallback={<Skeleton height={props.height} />}>
      <Chart {...props} />
    </Suspense>
  );
}
