import './styles/console.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { Console, ConsoleContext } from './console.ts';

const console = new Console(Date.now);
render(
  <ConsoleContext.Provider value={console}>
    <App />
  </ConsoleContext.Provider>,
  document.querySelector('#console')!,
);
