// Where there is no room for two panes one is shown, and these buttons choose which. Each tells how
// its client is and how many events came while the other one was shown.
import { element } from './elements.js';

export class Tabs {
  // The stylesheet shows the buttons, and goes by `data-shown` of the panes' parent, where the
  // page is narrow.
  constructor(root, main) {
    Object.assign(this, { root, main, seen: [0, 0] });
    this.buttons = [1, 2].map((number) => {
      const button = element('button', { type: 'button' }, `Edge ${number}`,
        element('span', { className: 'unread' }));
      button.addEventListener('click', () => this.#show(number));
      return button;
    });
    root.append(...this.buttons);
    main.dataset.shown = '1';
  }

  draw(panes) {
    this.panes = panes;
    panes.forEach((pane, i) => {
      const isShown = this.main.dataset.shown === String(i + 1);
      if (isShown) this.seen[i] = pane.received;
      const unread = Math.max(0, pane.received - this.seen[i]);
      this.buttons[i].setAttribute('aria-pressed', String(isShown));
      this.buttons[i].dataset.state = pane.state;
      this.buttons[i].lastChild.textContent = unread > 0 ? String(unread) : '';
    });
  }

  #show(number) {
    this.main.dataset.shown = String(number);
    this.draw(this.panes);
  }
}
