import { ShieldCheck } from "lucide-react";
import { DialogButton } from "../shared/DialogButton";
import { useMayAct } from "../shared/rights";
import { block as t } from "../texts/block";
import { AllowForm } from "./AllowForm";

/** Never to be blocked, by hand or by a policy. */
export function AllowIp({ address }: { address: string }) {
  const mayAct = useMayAct();
  return (
    <DialogButton
      label={t.neverBlock}
      title={t.neverBlockThis(address)}
      icon={ShieldCheck}
      variant="default"
      disabled={!mayAct}
    >
      {(close) => <AllowForm address={address} onDone={close} />}
    </DialogButton>
  );
}
