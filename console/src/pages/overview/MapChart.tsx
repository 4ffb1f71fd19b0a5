import { MapChart as MapSeries } from "echarts/charts";
import { GeoComponent, VisualMapComponent } from "echarts/components";
import { registerMap, use } from "echarts/core";
import type { Geometry, Position } from "geojson";
import type { ComponentProps } from "react";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import atlas from "world-atlas/countries-110m.json";
import Chart from "../../shared/Chart";

use([MapSeries, GeoComponent, VisualMapComponent]);

const topology = atlas as unknown as Topology<{ countries: GeometryCollection<{ name: string }> }>;
const world = feature(topology, topology.objects.countries);
registerMap("world", {
  ...world,
  features: world.features
    .map((country) => ({
      ...country,
      geometry: whole(country.geometry),
      properties: { ...country.properties, code: codeOf(country.id) },
    }))
    // Nobody attacks from there, and it takes a fifth of the picture.
    .filter(({ properties }) => properties.code !== "AQ"),
} as Parameters<typeof registerMap>[1]);

/** What crosses the 180th meridian goes on beyond it, and not once around the picture. */
function whole(geometry: Geometry): Geometry {
  if (geometry.type === "Polygon") return { ...geometry, coordinates: geometry.coordinates.map(unbroken) };
  if (geometry.type !== "MultiPolygon") return geometry;
  return { ...geometry, coordinates: geometry.coordinates.map((rings) => rings.map(unbroken)) };
}

export function unbroken(ring: Position[]): Position[] {
  const crosses = ring.some(([longitude = 0], at) => {
    const [before = longitude] = ring[at - 1] ?? [];
    return Math.abs(longitude - before) > 180;
  });
  if (!crosses) return ring;
  return ring.map(([longitude = 0, ...rest]) => [longitude < 0 ? longitude + 360 : longitude, ...rest]);
}

/** The alpha-2 code of an ISO 3166-1 numeric one: what a locale with that region is called. */
function codeOf(numeric: string | number | undefined): string {
  try {
    return new Intl.Locale(`und-${String(numeric).padStart(3, "0")}`).region ?? "";
  } catch {
    // The atlas has three territories without a code.
    return "";
  }
}

export default function MapChart(props: ComponentProps<typeof Chart>) {
  return <Chart {...props} />;
}
