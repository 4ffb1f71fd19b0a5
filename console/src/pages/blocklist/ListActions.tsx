import { Plus, Upload } from "lucide-react";
import type { List } from "../../api/lists";
import { AllowForm } from "../../block/AllowForm";
import { BlockForm } from "../../block/BlockForm";
import { DialogButton } from "../../shared/DialogButton";
import { useMayAct } from "../../shared/rights";
import { ImportForm } from "./import/ImportForm";

/** One prefix, or a file of them. */
export function ListActions({ list }: { list: List }) {
  const mayAct = useMayAct();
  return (
    <>
      <DialogButton
        label="Import"
        title={list === "blocks" ? "Block a list" : "Allow a list"}
        icon={Upload}
        variant="default"
        disabled={!mayAct}
      >
        {(close) => <ImportForm list={list} onDone={close} />}
      </DialogButton>
      {list === "blocks" ? (
        <DialogButton label="Block an address" icon={Plus} color="red" disabled={!mayAct}>
          {(close) => <BlockForm onDone={close} />}
        </DialogButton>
      ) : (
        <DialogButton label="Allow an address" icon={Plus} disabled={!mayAct}>
          {(close) => <AllowForm onDone={close} />}
        </DialogButton>
      )}
    </>
  );
}
