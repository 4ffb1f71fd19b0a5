import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { UserRoundX, X } from "lucide-react";
import { actorsQuery } from "../../api/queries";
import { DataTable } from "../../shared/DataTable";
import { EmptyState } from "../../shared/EmptyState";
import { countryName } from "../../shared/format";
import { Page } from "../../shared/Page";
import { RangePicker } from "../../shared/RangePicker";
import { SearchBox } from "../../shared/SearchBox";
import { rangeOf, toSearch } from "../../shared/search";
import { actors as t } from "../../texts/actors";
import { ActorsFigures } from "./ActorsFigures";
import { columns } from "./columns";
import type { ActorsSearch } from "./search";

const PAGE_SIZE = 50;
const route = getRouteApi("/shell/actors");

export function ActorsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const range = rangeOf(search);
  const page = search.page ?? 1;
  const actors = useQuery(actorsQuery(range, { skip: (page - 1) * PAGE_SIZE, limit: PAGE_SIZE }, search));
  const refine = (change: Partial<ActorsSearch>) =>
    void navigate({ to: ".", search: (old) => ({ ...old, page: undefined, ...change }), replace: true });

  return (
    <Page
      title={t.threatActors}
      about={t.whoAttacksByAddress}
      actions={
        <>
          {search.country && (
            <Button
              size="xs"
              variant="light"
              rightSection={<X size={14} aria-hidden />}
              aria-label={t.fromOnlyShowAll(countryName(search.country))}
              onClick={() => refine({ country: undefined })}
            >
              {countryName(search.country)}
            </Button>
          )}
          <SearchBox
            label={t.findAnAddress}
            value={search.actor ?? ""}
            onChange={(actor) => refine({ actor: actor || undefined })}
          />
          <RangePicker value={range} onChange={(range) => refine(toSearch(range))} />
        </>
      }
    >
      <ActorsFigures
        range={range}
        onCountry={(country) => refine({ country: search.country === country ? undefined : country })}
      />
      <DataTable
        label={t.threatActors}
        columns={columns}
        rows={actors.data?.actors}
        rowId={(actor) => actor.id}
        error={actors.error}
        empty={
          <EmptyState icon={UserRoundX} title={search.actor ? t.nothingFrom(search.actor) : t.noActorInThis}>
            {search.actor ? t.giveTheWholeAddress : t.actorsAppearWithTheir}
          </EmptyState>
        }
        paging={{
          page,
          size: PAGE_SIZE,
          total: actors.data?.total ?? 0,
          onPage: (page) => refine({ page: page === 1 ? undefined : page }),
        }}
      />
    </Page>
  );
}
