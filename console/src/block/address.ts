/** What a block names: an actor that is known by an identity is blocked by its address. */
export const addressOf = ({ actor, ip }: { actor: string; ip: string }): string =>
  actor.startsWith("id:") ? ip : actor;
