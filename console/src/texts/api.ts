export const api = {
  answeredSomethingThatIs: (path: string) => `${path} answered something that is no JSON`,
  theControlPlaneDoes: "The control plane does not answer. Is it running?",
  notLoggedIn: "Not logged in.",
  youMayNotDo: "You may not do that: it needs a role with more rights.",
  theControlPlaneDoesNot: "The control plane does not know this request. Is it older than the console?",
  theControlPlaneAnswered: (status: number, statusText: string) =>
    `The control plane answered ${status} ${statusText}`,
  last15Minutes: "Last 15 minutes",
  lastHour: "Last hour",
  last24Hours: "Last 24 hours",
  last7Days: "Last 7 days",
  last30Days: "Last 30 days",
  allTime: "All time",
};
