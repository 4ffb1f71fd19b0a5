import { ShieldCheck } from "lucide-react";
import { DialogButton } from "../shared/DialogButton";
import { useMayAct } from "../shared/rights";
import { AllowForm } from "./AllowForm";

/** Never to be blocked, by hand or by a policy. */
export function AllowIp({ address }: { address: string }) {
  const mayAct = useMayAct();
  return (
    <DialogButton
      label="Never block"
      title={`Never block ${address}`}
      icon={ShieldCheck}
      variant="default"
      disabled={!mayAct}
    >
      {(close) => <AllowForm address={address} onDone={close} />}
    </DialogButton>
  );
}
