import { Skeleton, Text } from "@mantine/core";
import { lazy, Suspense, useMemo } from "react";
import { count, countryName } from "../../shared/format";
import { TOOLTIP } from "../../shared/LazyChart";
import { overview as t } from "../../texts/overview";
import classes from "./WorldMap.module.css";

const MapChart = lazy(() => import("./MapChart"));

const HEIGHT = 300;

interface WorldMapProps {
  countries: { country: string; count: number }[] | undefined;
  height?: number;
  /** Of an ISO 3166-1 alpha-2 code. */
  onPick: (country: string) => void;
}

/** Where the actors' addresses are registered. */
export function WorldMap({ countries, height = HEIGHT, onPick }: WorldMapProps) {
  const known = useMemo(() => countries?.filter(({ country }) => isCountry(country)), [countries]);
  const option = useMemo(() => known && mapOption(known), [known]);
  if (!countries || !known || !option) return <Skeleton height={height} />;
  const elsewhere = countries
    .filter(({ country }) => !isCountry(country))
    .reduce((sum, { count }) => sum + count, 0);
  const most = [...known].sort((a, b) => b.count - a.count).slice(0, 6);
  return (
    <>
      <Suspense fallback={<Skeleton height={height} />}>
        <MapChart
          label={t.worldMapOfActor(
            known.reduce((sum, { count }) => sum + count, 0),
            known.length,
          )}
          height={height}
          option={option}
          onPick={({ name }) => known.some(({ country }) => country === name) && onPick(name)}
        />
      </Suspense>
      <ul className={classes.countries} aria-label={t.countriesWithTheMost}>
        {most.map(({ country, count: actors }) => (
          <li key={country}>
            <button type="button" className={classes.country} onClick={() => onPick(country)}>
              {countryName(country)} <strong>{count(actors)}</strong>
            </button>
          </li>
        ))}
      </ul>
      {elsewhere > 0 && (
        <Text size="xs" c="dimmed" mt={4}>
          {t.actorWithAPrivate(elsewhere)}
        </Text>
      )}
    </>
  );
}

const isCountry = (code: string) => /^[A-Z]{2}$/.test(code) && code !== "ZZ";

function mapOption(known: { country: string; count: number }[]) {
  const data = known.map(({ country, count }) => ({ name: country, value: count }));
  return {
    tooltip: {
      ...TOOLTIP,
      trigger: "item",
      formatter: ({ name, value }: { name: string; value: number }) =>
        `${countryName(name)}: ${Number.isNaN(value) ? t.noActor : t.actorCount(value)}`,
    },
    visualMap: {
      show: false,
      min: 0,
      max: Math.max(1, ...data.map(({ value }) => value)),
      inRange: { color: ["#ffc9c9", "#ff8787", "#f03e3e", "#c92a2a"] },
    },
    series: [
      {
        type: "map",
        map: "world",
        nameProperty: "code",
        roam: false,
        left: 0,
        right: 0,
        top: 0,
        bottom: 0,
        selectedMode: false,
        itemStyle: {
          areaColor: "rgba(128,140,150,0.22)",
          borderColor: "rgba(128,140,150,0.45)",
          borderWidth: 0.5,
        },
        emphasis: { label: { show: false }, itemStyle: { areaColor: "#1098ad" } },
        data,
      },
    ],
  };
}
