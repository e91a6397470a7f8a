import { useState } from 'preact/hooks'
import { get, post } from '../api/client.ts'
import type { Keys, SecretKey, SigningKey } from '../api/shapes.ts'
import { Heading } from '../frame/heading.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { Content } from '../parts/content.tsx'
import { useResource } from '../parts/resource.ts'
import { Time } from '../parts/time.tsx'
import { say } from '../parts/toasts.tsx'

export function KeysView() {
  const keys = useResource({ key: 'keys', load: () => get<Keys>('admin/keys'), everySeconds: 30 })
  const [asking, setAsking] = useState(false)
  return (
    <div class="view">
      <Heading title="Keys">
        <button type="button" class="button" onClick={() => setAsking(true)}>
          Rotate signing key…
        </button>
      </Heading>
      <Content of={keys}>
        {({ signing_keys, secrets }) => (
          <>
            <SigningKeys keys={signing_keys} />
            <Secrets keys={secrets} />
          </>
        )}
      </Content>
      {asking && (
        <RotateDialog onClose={() => setAsking(false)} onDone={() => void keys.reload()} />
      )}
    </div>
  )
}

const signingStates = {
  signing: { tone: 'live', words: 'Signing', meaning: 'signs new access tokens' },
  published: { tone: 'warning', words: 'Published', meaning: 'verifiers learn it; it signs later' },
  replaced: { tone: 'quiet', words: 'Replaced', meaning: 'verifies until its tokens have expired' },
} as const

function SigningKeys({ keys }: { readonly keys: readonly SigningKey[] }) {
  return (
    <section class="card">
      <h2 class="card-title">Signing keys</h2>
      <p class="quiet pad">
        They sign access tokens; their public halves are what verifiers fetch.
      </p>
      <ul class="keys">
        {keys.map((key) => {
          const { tone, words, meaning } = signingStates[key.state]
          const later = key.state === 'published' && key.activates_at !== null
          return (
            <li key={key.kid}>
              <code>{key.kid}</code>
              <span class="quiet">{key.algorithm}</span>
              <span class={`mark ${tone}`}>
                <i aria-hidden="true" />
                {words}
              </span>
              <span class="quiet key-meaning">
                {meaning}
                {later && (
                  <>
                    , <Time at={key.activates_at ?? 0} />
                  </>
                )}
              </span>
              <span class="quiet">
                made <Time at={key.created_at} />
              </span>
            </li>
          )
        })}
      </ul>
    </section>
  )
}

function Secrets({ keys }: { readonly keys: readonly SecretKey[] }) {
  return (
    <section class="card">
      <h2 class="card-title">Secrets</h2>
      <p class="quiet pad">
        From the configuration. The first one seals and signs opaque tokens; the others still
        verify.
      </p>
      <ul class="keys">
        {keys.map((key) => (
          <li key={key.key_id}>
            <code>{key.key_id}</code>
            <span class={`mark ${key.held ? (key.current ? 'live' : 'quiet') : 'bad'}`}>
              <i aria-hidden="true" />
              {key.held ? (key.current ? 'Current' : 'Held') : 'Missing here'}
            </span>
            <span class="quiet key-meaning">
              {key.held
                ? ''
                : 'tokens of this key are answered 503: add the secret to this replica'}
            </span>
            <span class="quiet">
              {key.activates_at !== null && (
                <>
                  active <Time at={key.activates_at} />
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

interface RotateDialogProps {
  readonly onClose: () => void
  readonly onDone: () => void
}

function RotateDialog({ onClose, onDone }: RotateDialogProps) {
  const [atOnce, setAtOnce] = useState(false)
  return (
    <Confirm
      title="Rotate the signing key?"
      deed="Rotate key"
      dangerous={atOnce}
      act={() => post('admin/keys/rotate', atOnce ? { now: true } : {})}
      onDone={() => {
        onClose()
        onDone()
        say('A new signing key is published.')
      }}
      onClose={onClose}
    >
      <p>
        A new key is published now and signs as soon as every verifier has had time to fetch it. The
        old one verifies until its last token has expired. Nobody is signed out.
      </p>
      <label class="tick">
        <input
          type="checkbox"
          checked={atOnce}
          onChange={(event) => setAtOnce(event.currentTarget.checked)}
        />
        <span>Sign with it at once</span>
      </label>
      {atOnce && (
        <p class="note warning">
          Only if the old key has leaked: verifiers that do not know the new key yet refuse its
          tokens until they have fetched it.
        </p>
      )}
    </Confirm>
  )
}
