import { Plus, Upload } from "lucide-react";
import type { List } from "../../api/lists";
import { AllowForm } from "../../block/AllowForm";
import { BlockForm } from "../../block/BlockForm";
import { DialogButton } from "../../shared/DialogButton";
import { useMayAct } from "../../shared/rights";
import { blocklist as t } from "../../texts/blocklist";
import { ImportForm } from "./import/ImportForm";

/** One prefix, or a file of them. */
export function ListActions({ list }: { list: List }) {
  const mayAct = useMayAct();
  return (
    <>
      <DialogButton
        label={t.importList}
        title={list === "blocks" ? t.blockAList : t.allowAList}
        icon={Upload}
        variant="default"
        disabled={!mayAct}
      >
        {(close) => <ImportForm list={list} onDone={close} />}
      </DialogButton>
      {list === "blocks" ? (
        <DialogButton label={t.blockAnAddress} icon={Plus} color="red" disabled={!mayAct}>
          {(close) => <BlockForm onDone={close} />}
        </DialogButton>
      ) : (
        <DialogButton label={t.allowAnAddress} icon={Plus} disabled={!mayAct}>
          {(close) => <AllowForm onDone={close} />}
        </DialogButton>
      )}
    </>
  );
}
