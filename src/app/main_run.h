/* The whole program as a function, so that tests link exactly what users run. */
#ifndef PCAUDIT_APP_MAIN_RUN_H
#define PCAUDIT_APP_MAIN_RUN_H

int main_run(int argc, char **argv);

#endif
