/** The views that come when one of them is first asked for: in one file, which packs far better than one each. */

import Agent from "./Agent";
import Compare from "./Compare";
import Costs from "./Costs";
import Insights from "./Insights";
import Session from "./Session";
import Sessions from "./Sessions";
import Settings from "./Settings";
import Wall from "./Wall";

export const LATER = {
  costs: Costs,
  insights: Insights,
  compare: Compare,
  sessions: Sessions,
  session: Session,
  agent: Agent,
  settings: Settings,
  wall: Wall,
};
