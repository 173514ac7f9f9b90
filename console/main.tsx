import { render } from 'preact';
import './style/tokens.css';
import './style/base.css';
import './style/shell.css';
import './style/parts.css';
import './style/text.css';
import './style/views.css';
import { Shell } from './shell.tsx';
import { applyTheme } from './theme.ts';

applyTheme();
const root = document.querySelector('#app');
if (root) render(<Shell />, root);
