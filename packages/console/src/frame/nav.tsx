import { verdictOf } from '../ends/verdict.ts'
import mark from '../mark.svg'
import { Icon } from '../parts/icon.tsx'
import { route } from './address.ts'
import { formatRoute, type ViewName } from './route.ts'
import { followers, overview, self, signOut } from './self.ts'
import { switchTheme, theme } from './theme.ts'

const items: readonly { readonly view: ViewName; readonly label: string }[] = [
  { view: 'sessions', label: 'Sessions' },
  { view: 'users', label: 'Users' },
  { view: 'ends', label: 'Ends' },
  { view: 'activity', label: 'Activity' },
  { view: 'effects', label: 'Effects' },
  { view: 'keys', label: 'Keys' },
  { view: 'audit', label: 'Audit' },
]

export function Nav() {
  return (
    <header class="side">
      <a class="brand" href={formatRoute('sessions')}>
        <img src={mark} width="28" height="28" alt="" />
        Curfew
      </a>
      <nav aria-label="Views">
        <ul>
          {items.map(({ view, label }) => (
            <li key={view}>
              <a
                href={formatRoute(view)}
                aria-current={route.value.view === view ? 'page' : undefined}
              >
                <Icon name={view} />
                <span>{label}</span>
                <Badge view={view} />
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="side-foot">
        <button
          type="button"
          class="plain"
          onClick={switchTheme}
          aria-label={theme.value === 'dark' ? 'Light colours' : 'Dark colours'}
        >
          <Icon name={theme.value === 'dark' ? 'sun' : 'moon'} />
        </button>
        <span class="who" title={self.value?.uid}>
          {self.value?.uid}
        </span>
        <button type="button" class="plain" onClick={() => void signOut()} aria-label="Sign out">
          <Icon name="out" />
        </button>
      </div>
    </header>
  )
}

/** What needs a look, seen from every view. */
function Badge({ view }: { readonly view: ViewName }) {
  const givenUp = overview.value?.effects_given_up ?? 0
  if (view === 'effects' && givenUp > 0) {
    return (
      <span class="badge bad">
        {givenUp}
        <span class="unseen"> given up</span>
      </span>
    )
  }
  const late = followers.value ? verdictOf(followers.value).late.length : 0
  if (view !== 'ends' || late === 0) return null
  return (
    <span class="badge warning">
      {late}
      <span class="unseen"> behind</span>
    </span>
  )
}
