import { Skeleton } from "@mantine/core";
import { type ComponentProps, lazy, Suspense } from "react";

const Editor = lazy(() => import("./editor/Editor"));
const Difference = lazy(() => import("./editor/Difference"));

/** An editor whose library is fetched with the first one. */
export function LazyEditor(props: ComponentProps<typeof Editor>) {
  return (
    <Suspense fallback={<Skeleton height={props.height} />}>
      <Editor {...props} />
    </Suspense>
  );
}

/** Two texts, with what differs marked. */
export function LazyDifference(props: ComponentProps<typeof Difference>) {
  return (
    <Suspense fallback={<Skeleton height={200} />}>
      <Difference {...props} />
    </Suspense>
  );
}
