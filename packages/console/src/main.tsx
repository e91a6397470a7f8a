import { render } from 'preact'
import { follow } from './api/live.ts'
import { App } from './app.tsx'
import { startClock } from './clock.ts'
import { followAddress } from './frame/address.ts'
import { followKeyboard } from './frame/keyboard.ts'
import { applyTheme, followSystemTheme } from './frame/theme.ts'
import './style/tokens.css'
import './style/frame.css'
import './style/parts.css'
import './style/lists.css'
import './style/charts.css'

applyTheme()
followSystemTheme()
followAddress()
followKeyboard()
startClock()
const place = document.getElementById('console')
if (place) render(<App />, place)
void follow()
